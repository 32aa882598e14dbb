#include "control/observe_request.h"

#include <array>
#include <limits>

namespace vpcwall {
namespace {

using nlohmann::json;

std::string mistake(const char* key, const json& found, const std::string& expected) {
  return "found " + found.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60) + " for \"" +
         key + "\", expected " + expected;
}

// Nothing when the key is absent or was read; otherwise what is wrong with it.
std::string read_number(const json& arguments, const char* key, std::uint64_t least, std::uint64_t most,
                        std::uint64_t& value) {
  const auto found = arguments.find(key);
  if (found == arguments.end()) return {};
  if (!found->is_number_unsigned() || *found < least || *found > most)
    return mistake(key, *found, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  value = found->get<std::uint64_t>();
  return {};
}

std::string read_flag(const json& arguments, const char* key, bool& value) {
  const auto found = arguments.find(key);
  if (found == arguments.end()) return {};
  if (!found->is_boolean()) return mistake(key, *found, "true or false");
  value = found->get<bool>();
  return {};
}

std::string read_fast_path(const json& arguments, FastPathUse& value) {
  const auto found = arguments.find("fast_path");
  if (found == arguments.end()) return {};
  for (const FastPathUse use : {FastPathUse::on, FastPathUse::flows, FastPathUse::off}) {
    if (!found->is_string() || *found != to_string(use)) continue;
    value = use;
    return {};
  }
  return mistake("fast_path", *found, "on, flows or off");
}

}  // namespace

std::string_view to_string(FastPathUse use) noexcept {
  switch (use) {
    case FastPathUse::on: return "on";
    case FastPathUse::flows: return "flows";
    case FastPathUse::off: return "off";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

Expected<ObserveRequest, std::string> read_observe_request(const json& arguments) {
  ObserveRequest request;
  if (const auto found = arguments.find("filter"); found != arguments.end()) {
    auto filter = read_filter(*found);
    if (!filter) return Unexpected{filter.error()};
    request.filter = std::move(*filter);
  }
  for (std::string wrong :
       {read_fast_path(arguments, request.fast_path), read_flag(arguments, "explain", request.explain),
        read_number(arguments, "count", 1, std::numeric_limits<std::uint64_t>::max(), request.count),
        read_number(arguments, "repeats_every", 1, longest_repeats_every, request.repeats_every)})
    if (!wrong.empty()) return Unexpected{std::move(wrong)};
  return request;
}

}  // namespace vpcwall
