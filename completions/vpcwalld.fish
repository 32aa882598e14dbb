# fish completion of vpcwalld

complete -c vpcwalld -f
complete -c vpcwalld -s h -l help -d 'Print this help message and exit'
complete -c vpcwalld -l config -d 'Settings file' -r -F
complete -c vpcwalld -l policy -d 'Policy file, instead of the one that the settings name' -r -F
complete -c vpcwalld -l test-clock -d 'For tests only: flows do not expire until the control socket moves the clock'
complete -c vpcwalld -l version -d 'Display program version information and exit'
