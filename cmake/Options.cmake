# Compiler options and packages that every floor shares.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
option(NJ_WERROR "treat warnings as errors" OFF)
option(NJ_FUZZ "build the fuzz targets with libFuzzer" OFF)
set(NJ_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize= takes them")

include(CheckIncludeFile)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(XML2 REQUIRED IMPORTED_TARGET libxml-2.0)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(ISAL IMPORTED_TARGET libisal)
pkg_check_modules(XXHASH IMPORTED_TARGET libxxhash)
check_include_file(xxh_x86dispatch.h NJ_HAVE_XXH_DISPATCH)

add_library(nj_options INTERFACE)
target_include_directories(nj_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_definitions(nj_options INTERFACE _POSIX_C_SOURCE=200809L
  NJ_VERSION="${PROJECT_VERSION}")
target_compile_options(nj_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wformat=2 -Wundef -Wvla -Wwrite-strings -Wswitch-enum
  -fstack-protector-strong -fno-math-errno -ffp-contract=off
  $<$<BOOL:${NJ_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
target_link_options(nj_options INTERFACE -Wl,-z,relro,-z,now)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NJ_SANITIZE)
  target_compile_options(nj_options INTERFACE -fsanitize=${NJ_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  target_link_options(nj_options INTERFACE -fsanitize=${NJ_SANITIZE})
  target_compile_definitions(nj_options INTERFACE NJ_DEBUG_ARENA)
endif()
if(NJ_FUZZ)
  target_compile_options(nj_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
