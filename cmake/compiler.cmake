# One place for language level, warnings and sanitizers; every target of the project gets them.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Werror)
add_compile_options(-fno-omit-frame-pointer -fstack-protector-strong)
add_compile_definitions(VPCWALL_VERSION="${PROJECT_VERSION}")

if(VPCWALL_SANITIZE)
  add_compile_options(-fsanitize=${VPCWALL_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VPCWALL_SANITIZE})
  # g++ says itself that instrumentation makes this one warn about values that are always set.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

if(VPCWALL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # coverage of the libraries; tests/fuzz links the driver
endif()

find_program(VPCWALL_CCACHE ccache)
if(VPCWALL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${VPCWALL_CCACHE})
endif()
