"""Conan 2: `conan create packaging/conan --build=missing`. It builds the clone that it lies in."""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir
from conan.tools.gnu import PkgConfigDeps

required_conan_version = ">=2.0"


class KlammConan(ConanFile):
    name = "klamm"
    version = "0.1.0"
    description = "A native C++20 client of Apache Kafka, and a compact Kafka-compatible broker"
    license = "Apache-2.0"
    topics = ("kafka", "client", "broker", "messaging")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "with_broker": [True, False], "with_tools": [True, False]}
    default_options = {"shared": False, "fPIC": True, "with_broker": True, "with_tools": False}

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        copy(self, "CMakeLists.txt", root, self.export_sources_folder)
        copy(self, "LICENSE", root, self.export_sources_folder)
        for folder in ("libclient", "broker-ref", "tools", "packaging"):
            copy(self, "*", os.path.join(root, folder), os.path.join(self.export_sources_folder, folder), excludes=["*.pyc"])

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        for reference in ("fmt/10.2.1", "libdeflate/1.19", "lz4/1.9.4", "openssl/[>=3.0 <4]", "snappy/1.1.10", "zlib/[>=1.2.11 <2]", "zstd/1.5.5"):
            self.requires(reference)
        for reference in ("asio/1.28.1", "tl-expected/1.1.0"):  # headers that ours do not show
            self.requires(reference, visible=False)
        if self.options.with_broker or self.options.with_tools:
            self.requires("cli11/2.3.2", visible=False)
            self.requires("nlohmann_json/3.11.3", visible=False)
        if self.options.with_broker:
            self.requires("spdlog/1.14.1", visible=False)

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("Klamm runs on Linux only")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update({
            "KLAMM_LIBRARIES": "shared" if self.options.shared else "static", "KLAMM_BUILD_BROKER": bool(self.options.with_broker),
            "KLAMM_BUILD_TOOLS": bool(self.options.with_tools), "KLAMM_BUILD_TESTS": False, "KLAMM_BUILD_EXAMPLES": False, "KLAMM_BUILD_BINDINGS": False})
        toolchain.generate()
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        for folder in (("lib", "cmake"), ("lib", "pkgconfig")):  # Conan's generators write their own
            rmdir(self, os.path.join(self.package_folder, *folder))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "klamm")
        client = self.cpp_info.components["client"]
        client.set_property("cmake_target_name", "klamm::klamm")
        client.set_property("pkg_config_name", "klamm")
        client.libs = ["klamm"]
        client.system_libs = ["m", "pthread"]
        needed = ["fmt::fmt", "libdeflate::libdeflate", "lz4::lz4", "openssl::ssl", "snappy::snappy", "zlib::zlib", "zstd::zstd"]
        inside = ["asio::asio", "tl-expected::tl-expected"]
        if self.options.with_broker or self.options.with_tools:
            inside += ["cli11::cli11", "nlohmann_json::nlohmann_json"]
        if self.options.with_broker:
            inside += ["spdlog::spdlog"]
        client.requires = needed + inside
        if self.options.with_broker:
            broker = self.cpp_info.components["broker"]
            broker.set_property("cmake_target_name", "klamm::broker")
            broker.set_property("pkg_config_name", "klamm_broker")
            broker.libs = ["klamm_broker"]
            broker.requires = ["client"]
