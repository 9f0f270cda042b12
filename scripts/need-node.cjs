// Plain CommonJS without types, so that an old Node can read it and say what is wrong.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `The scheduler needs Node 24 or newer; this is ${process.version}. On Linux it installs its own (node_modules/.bin/node): ` +
      'run `npx -y pnpm@12.21.0 install` and check that optional packages are not switched off. Elsewhere, install Node 24.',
  )
  process.exit(1)
}
