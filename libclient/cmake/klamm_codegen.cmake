# Generates the protocol from schema/*.kdef: KLAMM_PROTOCOL_SOURCES and KLAMM_PROTOCOL_INCLUDE.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(KLAMM_PROTOCOL_SOURCES "")
set(KLAMM_PROTOCOL_INCLUDE ${CMAKE_CURRENT_BINARY_DIR}/generated)
