# A room is a folder of the project with a target of its own. Include paths are written from the
# project's root ("index/catalog.h"), but a target sees only the rooms that it links: each room has
# a window, a folder that holds a link to that room and nothing else, and that is its include path.

# What every target of the project is compiled with.
add_library(xref_options INTERFACE)
# A designated initializer that leaves a member to its default is no mistake.
target_compile_options(xref_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC 12 takes "text" + std::to_string(n) for a copy that overlaps itself.
  target_compile_options(xref_options INTERFACE -Wno-restrict)
else()
  # GCC's library uses in its own stable_sort what C++ has deprecated, and clang tells of that.
  target_compile_options(xref_options INTERFACE -Wno-deprecated-declarations)
endif()
# Asio: standard executors and concepts only, and no library beside its headers.
target_compile_definitions(xref_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL XXH_INLINE_ALL
  XREF_VERSION="${PROJECT_VERSION}")
if(XREF_SANITIZE)
  # Lines are all that a report names, and more takes twice as long to build.
  target_compile_options(xref_options INTERFACE
    -fsanitize=${XREF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  target_link_options(xref_options INTERFACE -fsanitize=${XREF_SANITIZE})
endif()

# Gives TARGET an include path that holds only NAME/, or of NAME/ only the HEADERS named.
function(xref_window target name)
  cmake_parse_arguments(ARG "" "" "HEADERS" ${ARGN})
  set(window ${PROJECT_BINARY_DIR}/windows/${target})
  if(ARG_HEADERS)
    foreach(header ${ARG_HEADERS})
      get_filename_component(folder ${window}/${name}/${header} DIRECTORY)
      file(MAKE_DIRECTORY ${folder})
      file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${name}/${header} ${window}/${name}/${header} SYMBOLIC)
    endforeach()
  else()
    file(MAKE_DIRECTORY ${window})
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${name} ${window}/${name} SYMBOLIC)
  endif()
  target_include_directories(${target} PUBLIC ${window})
endfunction()

# xref_room(NAME SOURCES ... DEPENDS ... [PRIVATE_DEPENDS ...])
function(xref_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(xref_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(xref_${name} PUBLIC xref_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  xref_window(xref_${name} ${name})
endfunction()
