import type Docker from 'dockerode'

/** Whether the engine has an image of that name. */
export const hasImage = (client: Docker, name: string): Promise<boolean> =>
  client
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    )
