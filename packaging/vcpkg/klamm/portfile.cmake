# An overlay port: vcpkg install klamm --overlay-ports=packaging/vcpkg. It builds the clone that it lies in.
set(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../..")

vcpkg_check_features(
    OUT_FEATURE_OPTIONS feature_options
    FEATURES
        broker KLAMM_BUILD_BROKER
        tools KLAMM_BUILD_TOOLS
)
string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" "dynamic" dynamic)
if(dynamic)
    set(kind shared)
else()
    set(kind static)
endif()

vcpkg_find_acquire_program(PKGCONFIG)
vcpkg_find_acquire_program(PYTHON3)
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${feature_options}
        -DKLAMM_LIBRARIES=${kind}
        -DKLAMM_BUILD_BINDINGS=${dynamic}
        -DKLAMM_BUILD_TESTS=OFF
        -DKLAMM_BUILD_EXAMPLES=OFF
        "-DPKG_CONFIG_EXECUTABLE=${PKGCONFIG}"
        "-DPython3_EXECUTABLE=${PYTHON3}"
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/klamm)
vcpkg_fixup_pkgconfig()
vcpkg_copy_pdbs()
if("broker" IN_LIST FEATURES)
    vcpkg_copy_tools(TOOL_NAMES klamm-broker AUTO_CLEAN)
endif()
if("tools" IN_LIST FEATURES)
    vcpkg_copy_tools(TOOL_NAMES klamm AUTO_CLEAN)
endif()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
