include(GNUInstallDirs)

# klamm_pkg_config(NAME DESCRIPTION REQUIRES_PRIVATE LIBS_PRIVATE): NAME.pc for -lNAME. Its folders are seen from where it lies
# itself, so that a whole prefix may be moved. From an absolute CMAKE_INSTALL_LIBDIR the prefix is not seen: then it is named.
function(klamm_pkg_config name description requires_private libs_private)
  set(prefix ${CMAKE_INSTALL_PREFIX})
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(up /prefix)
    cmake_path(RELATIVE_PATH up BASE_DIRECTORY /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig)
    set(prefix "\${pcfiledir}/${up}")
  endif()
  foreach(folder libdir includedir)
    string(TOUPPER ${folder} variable)
    set(${folder} "\${prefix}")
    cmake_path(APPEND ${folder} "${CMAKE_INSTALL_${variable}}")  # one that is absolute stands alone
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/packaging/klamm.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libklamm-dev)
endfunction()
