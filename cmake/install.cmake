# For `cmake --install build/release --prefix /usr`, as systemd/vpcwalld.service expects. What an administrator edits goes
# to /etc whatever the prefix; DESTDIR still comes before it.
install(TARGETS vpcwalld RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS vpcwall RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES config/daemon.yaml DESTINATION /etc/vpcwall)
install(DIRECTORY config/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES systemd/vpcwalld.service DESTINATION lib/systemd/system)
install(FILES docs/man/vpcwall.1 docs/man/vpcwall-test.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/vpcwall.yaml.5 docs/man/vpcwall-scenario.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES docs/man/vpcwalld.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
