#pragma once
// Names that take their time: this program's getaddrinfo.

namespace klamm::chaos {

/// "N.slow.invalid" is 127.0.0.1, after N milliseconds; every other name is the system's. Linking slow_names.cc is enough:
/// the program's getaddrinfo goes before that of the C library.
inline constexpr const char* kSlowNames = ".slow.invalid";

}  // namespace klamm::chaos
