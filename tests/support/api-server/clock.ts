/** Every timer of the server, so that stopping it leaves none behind. */
export class Clock {
  private readonly timers = new Set<NodeJS.Timeout>();

  after(milliseconds: number, action: () => void): () => void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, milliseconds);
    this.timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.timers.delete(timer);
    };
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
