# bash completion of vpcwalld

_vpcwalld() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == = ]]; then # --config=FILE: three words to bash
    current=''
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case "$previous" in
    --config | --policy)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W '-h --help --config --policy --test-clock --version' -- "$current") ;;
  esac
}

complete -F _vpcwalld vpcwalld
