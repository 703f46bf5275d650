// Which messages need not be drawn, because newer ones wait behind them.

/** Knows the newest messages that have come: all that are not drawn yet wait for the one that is being drawn. */
export class Newest {
  constructor() {
    this.revision = 0;
    this.whole = 0; // of those with a specification
  }

  note({revision, spec}) {
    this.revision = Math.max(this.revision, revision);
    if (spec) this.whole = Math.max(this.whole, revision);
  }

  /** Whether a newer message does without this one, given the plan on screen: newer rows alone draw no other plan. */
  passes({revision, plan, spec}, shown) {
    return revision < (spec && plan !== shown ? this.whole : this.revision);
  }
}
