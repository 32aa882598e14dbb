// The bytes that a process before left: whatever stands there, decode() refuses it or gives a state that can
// be.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "state/saved_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall;
  const auto state = decode({reinterpret_cast<const char*>(data), size});
  if (!state) return 0;
  for (const Flow& flow : state->flows) {
    if (flow.key.interface >= state->interfaces.size()) std::abort();
    if (flow.opened_by != Flow::nobody && flow.opened_by >= state->rules.size()) std::abort();
  }
  const auto again = decode(encode(*state));
  if (!again || encode(*again) != encode(*state)) std::abort();
  return 0;
}
