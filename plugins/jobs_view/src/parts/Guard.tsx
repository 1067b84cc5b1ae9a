import { Component, type PropsWithChildren, type ReactNode } from "react";

import { useTexts } from "../texts/language";
import { Notice } from "./Problem";

type State = { error: Error | null };

/** An error boundary: shows a message if rendering the page fails. */
export class Guard extends Component<PropsWithChildren, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <Broken detail={this.state.error.message} />;
  }
}

const Broken = ({ detail }: { detail: string }): ReactNode => (
  <Notice status="error" text={useTexts().broken(detail)} />
);
