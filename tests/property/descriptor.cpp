#include "property/descriptor.h"

#include <algorithm>
#include <ostream>
#include <string_view>

namespace vpcwall::property {

std::ostream& operator<<(std::ostream& out, const Descriptor& descriptor) {
  constexpr std::array<std::string_view, kind_count> names{
      "setting",      "interface", "rule",       "entry", "list_entry", "packet",
      "conversation", "follow_up", "icmp_error", "wait",  "reload"};
  out << names.at(static_cast<std::size_t>(descriptor.kind));
  for (const std::uint8_t number : descriptor.numbers) out << ' ' << unsigned{number};
  return out;
}

Descriptors descriptors_of(std::span<const std::uint8_t> bytes) {
  Descriptors descriptors(bytes.size() / (Descriptor::size + 1));
  for (Descriptor& descriptor : descriptors) {
    descriptor.kind = Kind{static_cast<std::uint8_t>(bytes.front() % kind_count)};
    std::copy_n(bytes.begin() + 1, Descriptor::size, descriptor.numbers.begin());
    bytes = bytes.subspan(Descriptor::size + 1);
  }
  return descriptors;
}

std::vector<std::uint8_t> bytes_of(const Descriptors& descriptors) {
  std::vector<std::uint8_t> bytes;
  for (const Descriptor& descriptor : descriptors) {
    bytes.push_back(static_cast<std::uint8_t>(descriptor.kind));
    bytes.insert(bytes.end(), descriptor.numbers.begin(), descriptor.numbers.end());
  }
  return bytes;
}

}  // namespace vpcwall::property
