// Runs commands of anypoint-cli-v4 in this process, because a start of the program takes a second.
// Arguments: the folder with the installed program. Each line of the input is a JSON array with the
// arguments of one command; each line of the output is {said, error}. The first line of the output
// has the names of all commands.
const modules = process.argv[2] + '/node_modules'
const { run, Config } = require(modules + '/@oclif/core')
const answer = process.stdout.write.bind(process.stdout)
let said = ''
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (text) => { said += text; return true }
}

async function outcome (line) {
  said = ''
  try {
    await run(JSON.parse(line), config)
    return { said, error: null }
  } catch (e) {
    return { said, error: e.message }
  }
}

let config
async function main () {
  config = await Config.load(modules + '/anypoint-cli-v4')
  answer(JSON.stringify(config.commandIDs) + '\n')
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    answer(JSON.stringify(await outcome(line)) + '\n')
  }
}

main()
