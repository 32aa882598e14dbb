// Any text as a policy: diagnostics or a policy; and a policy, written and read again, is the same one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/policy_yaml.h"
#include "policy/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall;
  const auto loaded = load_policy(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
  if (loaded.policy.has_value() == has_errors(loaded.diagnostics)) std::abort();
  for (const Diagnostic& diagnostic : loaded.diagnostics)
    if (to_string(diagnostic).find('\n') != std::string::npos) std::abort();
  if (!loaded.policy) return 0;
  if (!validate(*loaded.policy).empty()) std::abort();
  if (load_policy(emit_policy(*loaded.policy), "again").policy != loaded.policy) std::abort();
  return 0;
}
