# For `cmake --install build/release --prefix /usr`, as systemd/vpcwalld.service expects. What an administrator edits goes
# to /etc whatever the prefix; DESTDIR still comes before it.
install(TARGETS vpcwalld RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS vpcwall RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES config/daemon.yaml DESTINATION /etc/vpcwall)
install(DIRECTORY config/examples config/grafana config/prometheus DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/tutorial.md docs/semantics.md docs/architecture.md docs/performance.md docs/proof.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES systemd/vpcwalld.service DESTINATION lib/systemd/system)
install(FILES systemd/vpcwall.sysusers DESTINATION lib/sysusers.d RENAME vpcwall.conf)
foreach(section 1 5 7 8)
  install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} FILES_MATCHING PATTERN "*.${section}")
endforeach()
