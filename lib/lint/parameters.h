// What the user wrote for the parameters of checks: --parameter [CHECK:]NAME=VALUE.
//
// Without a check, the value goes to every check that has a parameter of that name. Values are checked when
// they are set; asking for a name that the check does not have is a mistake of the check's author. A value;
// any thread may read it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "lint/check.h"

namespace vpcwall {

class Parameters {
 public:
  // The mistake, or nothing.
  [[nodiscard]] std::optional<std::string> set(std::string_view text);
  void set(const Check& check, std::string_view name, std::string value);

  [[nodiscard]] std::vector<PortRange> ports(const Check& check, std::string_view name) const;
  [[nodiscard]] std::uint32_t number(const Check& check, std::string_view name) const;
  // The word as it was written, in capitals: "TCP", "IPV6", "ALL".
  [[nodiscard]] std::string word(const Check& check, std::string_view name) const;

 private:
  // What was set, or the check's standard.
  [[nodiscard]] std::string text(const Check& check, std::string_view name) const;

  std::map<std::pair<std::string, std::string>, std::string, std::less<>> values_;  // by check and name
};

}  // namespace vpcwall
