/** Lets a loop sleep until it is woken or its time is up. A wake that comes while it is busy is kept for its next sleep. */
export interface Wake {
  wake(): void
  /**
   * Resolves after `ms`, or at once when woken; then also when it was woken since the last sleep. Says whether it slept its
   * time out.
   */
  sleep(ms: number): Promise<boolean>
}

export function createWake(): Wake {
  let woken = false
  let rouse: (() => void) | null = null
  return {
    wake() {
      if (rouse) rouse()
      else woken = true
    },
    async sleep(ms) {
      if (woken) {
        woken = false
        return false
      }
      return await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => done(true), ms)
        rouse = () => done(false)
        function done(isOver: boolean) {
          clearTimeout(timer)
          rouse = null
          resolve(isOver)
        }
      })
    },
  }
}
