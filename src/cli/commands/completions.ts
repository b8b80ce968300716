import { command, required } from '../command.ts'
import { UsageError } from '../failure.ts'

/** Each shell asks `shiplog __complete` with the words so far, the last one as far as it is typed. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_shiplog() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]} line
  # What bash splits at a colon belongs together in a name and a tag.
  local words; read -ra words -d '' <<<"$(printf '%s\\n' \${COMP_LINE:0:COMP_POINT})"
  [[ \${COMP_LINE:0:COMP_POINT} == *' ' ]] && words+=('')
  COMPREPLY=()
  while read -r line; do COMPREPLY+=("$line"); done < <(shiplog __complete "\${words[@]:1}" 2>/dev/null)
  if [[ \${words[-1]} == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local prefix=\${words[-1]%"\${words[-1]##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$prefix"}")
  fi
}
complete -o default -F _shiplog shiplog
`,
  zsh: `#compdef shiplog
_shiplog() {
  local -a proposals
  proposals=("\${(@f)$(shiplog __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#proposals} )) && [[ -n \${proposals[1]} ]]; then compadd -Q -- "\${proposals[@]}"; else _files; fi
}
compdef _shiplog shiplog
`,
  fish: `function __shiplog_complete
  set -l words (commandline -opc) (commandline -ct)
  shiplog __complete $words[2..-1] 2>/dev/null
end
complete -c shiplog -a '(__shiplog_complete)'
`,
}

export default command<object, [string]>({
  brief: 'for bash, zsh or fish',
  usage: 'completions bash|zsh|fish',
  examples: [
    ['completions bash', 'in ~/.bashrc: source <(shiplog completions bash)'],
    ['completions zsh', 'in ~/.zshrc: source <(shiplog completions zsh)'],
    ['completions fish', 'to ~/.config/fish/completions/shiplog.fish'],
  ],
  flags: {},
  positional: {
    kind: 'tuple',
    parameters: [required('bash, zsh or fish', 'SHELL', async () => Object.keys(scripts))],
  },
  run: async (session, _, shell) => {
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    if (script === undefined)
      throw new UsageError(
        `there are no completions for ${shell}`,
        `one of ${Object.keys(scripts).join(', ')}`,
      )
    session.out(script)
    return 0
  },
})
