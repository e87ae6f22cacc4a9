import type { ComponentProps, Ref } from 'react'
import { Icon, type IconName } from './icons.tsx'

interface ButtonProps extends Omit<ComponentProps<'button'>, 'type'> {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet'
  readonly icon?: IconName
  readonly small?: boolean
  readonly ref?: Ref<HTMLButtonElement>
}

/** Without children it is an icon button and `aria-label` is its name, shown as a tooltip too. */
export function Button({
  look = 'plain',
  icon,
  small = false,
  className = '',
  children,
  ...rest
}: ButtonProps) {
  const classes = ['button', look, small && 'small', !children && 'icon-only', className]
  return (
    <button
      type="button"
      className={classes.filter(Boolean).join(' ')}
      title={children ? undefined : rest['aria-label']}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}
