# nj_registry(OUT FILE MACRO): the sources that a registry.def names, one `MACRO(name)` a line.
# The same file is read by C, so a plug-in is one source file and one line.
function(nj_registry out file macro)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} rows REGEX "^${macro}\\(")
  set(sources)
  foreach(row IN LISTS rows)
    string(REGEX REPLACE "^${macro}\\(([a-z0-9_]+)[,)].*" "\\1.c" source "${row}")
    list(APPEND sources ${source})
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()
