#compdef vpcwalld
# zsh completion of vpcwalld

_vpcwalld() {
  _arguments -S \
    '(-h --help)-h[Print this help message and exit]' \
    '(-h --help)--help[Print this help message and exit]' \
    '--config=[Settings file]:value:_files' \
    '--policy=[Policy file, instead of the one that the settings name]:value:_files' \
    '--test-clock[For tests only\: flows do not expire until the control socket moves the clock]' \
    '--version[Display program version information and exit]'
}

if [ "$funcstack[1]" = _vpcwalld ]; then
  _vpcwalld "$@"
else
  compdef _vpcwalld vpcwalld
fi
