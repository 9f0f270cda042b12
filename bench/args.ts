/** The numbers among the arguments, in their order. */
export const positionals = (args: string[]): number[] => args.filter((it) => !it.startsWith('--')).map(Number)

/** The value of `--name=value`; null when it is not given. */
export function flagOf(args: string[], name: string): string | null {
  const given = args.find((it) => it.startsWith(`--${name}=`))
  return given === undefined ? null : given.slice(name.length + 3)
}
