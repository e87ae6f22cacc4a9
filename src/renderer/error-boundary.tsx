import { Component, type ErrorInfo, type ReactNode } from 'react'
import { Button } from './ui/button.tsx'
import { Empty } from './ui/states.tsx'

interface State {
  readonly error: Error | null
}

/** A bug in the interface must not look like a stopped session. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null }

  static getDerivedStateFromError(error: Error): State {
    return { error }
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack)
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children
    return (
      <div className="cover" data-testid="crashed">
        <Empty
          icon="warning"
          title="The interface failed"
          action={<Button onClick={() => window.location.reload()}>Reload the window</Button>}
        >
          Sessions run in the host and go on. Reloading shows them again, at the exact screen.
        </Empty>
      </div>
    )
  }
}
