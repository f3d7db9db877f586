#pragma once
// UTF-8 as Kafka's Java classes read it.

#include <string>
#include <string_view>

namespace klamm {

/// True for text in which readUtf8() has nothing to replace.
[[nodiscard]] bool isUtf8(std::string_view text) noexcept;

/// The text, with U+FFFD for each part that is no UTF-8, which is what Java makes of such bytes: the longest beginning of
/// a valid sequence is replaced as a whole, and so is a surrogate.
///
///     E2 82 61        ->  FFFD 'a'             the sequence of three breaks off behind two
///     ED A0 80        ->  FFFD                 a surrogate
///     C0 80           ->  FFFD FFFD            no sequence begins with C0 or with 80
[[nodiscard]] std::string readUtf8(std::string_view text);

}  // namespace klamm
