export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What each shell runs to complete `belay`. The words go to `belay complete` as arguments, exactly as they were typed: nothing
 * of them is evaluated. It answers lines of `value<tab>description`; `:files` and `:folders` leave the word to the shell.
 */
export const COMPLETION_SCRIPTS: Record<Shell, string> = {
  // Also for bash 3.2, which macOS has: it knows neither mapfile nor compopt.
  bash: `_belay() {
  local value about
  COMPREPLY=()
  while IFS=$'\\t' read -r value about; do
    case $value in
      :files) compopt -o default 2>/dev/null ;;
      :folders) compopt -o dirnames 2>/dev/null ;;
      *) COMPREPLY+=("$value") ;;
    esac
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _belay belay`,
  zsh: `#compdef belay
_belay() {
  local value about
  local -a found
  while IFS=$'\\t' read -r value about; do
    case $value in
      :files) _files ;;
      :folders) _files -/ ;;
      *) found+=("\${value//:/\\\\:}:$about") ;;
    esac
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe -V belay found
}
# Called when it is a file in fpath, defined when it is sourced.
if [ "$funcstack[1]" = _belay ]; then _belay "$@"; else compdef _belay belay; fi`,
  fish: `function __belay_complete
    set -l before (commandline -opc)
    set -l belay $before[1]
    set -e before[1]
    set -l word (commandline -ct)
    for line in ($belay complete -- $before "$word" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$word"
            case :folders
                __fish_complete_directories "$word"
            case '*'
                echo $line
        end
    end
end
complete -c belay -f -k -a '(__belay_complete)'`,
};
