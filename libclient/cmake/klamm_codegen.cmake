# Generates the protocol from schema/*.kdef: KLAMM_PROTOCOL_SOURCES and KLAMM_PROTOCOL_INCLUDE.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(KLAMM_PROTOCOL_INCLUDE ${CMAKE_CURRENT_BINARY_DIR}/generated)

set(klamm_codegen ${CMAKE_CURRENT_LIST_DIR}/../codegen)
cmake_path(NORMAL_PATH klamm_codegen)
set(klamm_schema ${CMAKE_CURRENT_LIST_DIR}/../schema)
cmake_path(NORMAL_PATH klamm_schema)
file(GLOB klamm_schema_files CONFIGURE_DEPENDS ${klamm_schema}/*.kdef ${klamm_schema}/records/*.kdef)
set(klamm_codegen_files ${klamm_codegen}/klamm_codegen.py ${klamm_codegen}/model.py ${klamm_codegen}/kdef_parser.py
                        ${klamm_codegen}/emit_structs.py ${klamm_codegen}/emit_tables.py)

# The files are written when CMake configures, so that every target, editor and index finds the headers at once. A changed
# schema or generator makes the build configure again; files whose text stays the same keep their time.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${klamm_schema_files} ${klamm_codegen_files})
execute_process(COMMAND ${Python3_EXECUTABLE} -B ${klamm_codegen}/klamm_codegen.py ${klamm_schema} ${KLAMM_PROTOCOL_INCLUDE}
                RESULT_VARIABLE klamm_codegen_result)
if(NOT klamm_codegen_result EQUAL 0)
  message(FATAL_ERROR "the protocol could not be generated")
endif()
execute_process(COMMAND ${Python3_EXECUTABLE} -B ${klamm_codegen}/klamm_codegen.py --list ${klamm_schema} ${KLAMM_PROTOCOL_INCLUDE}
                OUTPUT_VARIABLE klamm_generated COMMAND_ERROR_IS_FATAL ANY)
set(KLAMM_PROTOCOL_SOURCES ${klamm_generated})
list(FILTER KLAMM_PROTOCOL_SOURCES INCLUDE REGEX "\\.cc$")
