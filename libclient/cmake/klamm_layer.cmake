# klamm_layer(NAME DIRECTORY [DEPENDS other layers or libraries...] [SOURCES extra generated sources...])
# One static library per layer, made of every .cc below DIRECTORY; an #include goes only downwards (tests/package/layering.txt).
function(klamm_layer name directory)
  cmake_parse_arguments(arg "" "" "DEPENDS;PRIVATE;SOURCES;INCLUDES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${directory}/*.cc)
  if(NOT sources AND NOT arg_SOURCES)  # headers only
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${arg_INCLUDES})
    target_link_libraries(${name} INTERFACE ${arg_DEPENDS})
    return()
  endif()
  add_library(${name} STATIC ${sources} ${arg_SOURCES})
  klamm_compile_settings(${name})
  target_include_directories(${name} PUBLIC ${arg_INCLUDES})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
endfunction()

# Language level, warnings and visibility of our own targets; never forced on a project that links Klamm.
function(klamm_compile_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
                                             POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wno-missing-field-initializers)
  if(KLAMM_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
