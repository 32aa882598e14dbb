# For `cmake --install build/release --prefix /usr`, as systemd/vpcwalld.service expects. What an administrator edits goes
# to /etc whatever the prefix; DESTDIR still comes before it.
install(TARGETS vpcwalld RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS vpcwall RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# An edited one stays: install(FILES) would write over it.
install(CODE "set(settings \"${PROJECT_SOURCE_DIR}/config/daemon.yaml\")")
install(CODE [[
  set(installed "$ENV{DESTDIR}/etc/vpcwall/daemon.yaml")
  if(EXISTS "${installed}")
    message(STATUS "Kept: ${installed} (see ${settings} for what may be new)")
  else()
    file(INSTALL "${settings}" DESTINATION /etc/vpcwall)
  endif()]])
install(DIRECTORY config/examples config/grafana config/prometheus DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/tutorial.md docs/semantics.md docs/architecture.md docs/performance.md docs/proof.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES systemd/vpcwalld.service systemd/vpcwalld-http.socket DESTINATION lib/systemd/system)
install(FILES systemd/vpcwall.sysusers DESTINATION lib/sysusers.d RENAME vpcwall.conf)
install(FILES systemd/vpcwall.tmpfiles DESTINATION lib/tmpfiles.d RENAME vpcwall.conf)
foreach(section 1 5 7 8)
  install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} FILES_MATCHING PATTERN "*.${section}")
endforeach()

# Those of vpcwall are printed by the program itself when it is built; the daemon's few options are kept by hand, and tested.
foreach(program vpcwall vpcwalld)
  if(program STREQUAL "vpcwall")
    set(folder ${PROJECT_BINARY_DIR}/cli)
  else()
    set(folder ${PROJECT_SOURCE_DIR}/completions)
  endif()
  install(FILES ${folder}/${program}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
  install(FILES ${folder}/${program}.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _${program})
  install(FILES ${folder}/${program}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endforeach()
