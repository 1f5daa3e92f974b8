# nj_embed_file(TARGET tgt SYMBOL sym FILE path): compile a file into the program
# as `const unsigned char sym[]` (NUL-terminated) and `const size_t sym_len`.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${IN}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REPEAT "[^,]*," 16 row)
  string(REGEX REPLACE "(${row})" "\\1\n" bytes "${bytes}")
  file(WRITE "${OUT}" "#include <stddef.h>\nextern const unsigned char ${SYM}[];\nextern const size_t ${SYM}_len;\nconst unsigned char ${SYM}[] = {\n${bytes}0};\nconst size_t ${SYM}_len = sizeof ${SYM} - 1;\n")
  return()
endif()
set(NJ_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(nj_embed_file)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;SYMBOL;FILE" "")
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${arg_SYMBOL}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${arg_FILE} -DOUT=${out} -DSYM=${arg_SYMBOL} -P ${NJ_EMBED_SCRIPT}
    DEPENDS ${arg_FILE} ${NJ_EMBED_SCRIPT} VERBATIM)
  target_sources(${arg_TARGET} PRIVATE ${out})
endfunction()
