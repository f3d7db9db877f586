#pragma once
// The move-only callable that never allocates; public because callbacks of the API are kept in it.

#include <klamm/detail/inline_function.h>

namespace klamm {

template <class Signature, std::size_t Capacity = 64>
using InlineFunction = detail::InlineFunction<Signature, Capacity>;

}  // namespace klamm
