// The control socket's request reader on arbitrary lines: an answer or a sentence, never anything else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/observe_request.h"
#include "control/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall;
  const auto request = read_request(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!request) return request.error().empty() ? (std::abort(), 0) : 0;
  if (find_verb(request->verb) == nullptr) std::abort();
  const auto wanted = read_observe_request(request->arguments);
  if (!wanted && wanted.error().empty()) std::abort();
  if (wanted && wanted->filter.ports.size() > most_filter_values) std::abort();
  return 0;
}
