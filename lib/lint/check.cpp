#include "lint/check.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "lint/checks/catalogues.h"
#include "policy/nearest_word.h"
#include "policy/reporter.h"

namespace vpcwall {

std::string_view to_string(CheckSeverity severity) noexcept {
  constexpr std::array<std::string_view, check_severity_count> names{"info", "low", "medium", "high",
                                                                     "critical"};
  return names.at(static_cast<std::size_t>(severity));
}

std::string_view to_string(Catalogue catalogue) noexcept {
  constexpr std::array<std::string_view, 4> names{"vpcwall", "aws-config", "security-hub", "prowler"};
  return names.at(static_cast<std::size_t>(catalogue));
}

const std::vector<Check>& checks() {
  static const std::vector<Check> all = [] {
    std::vector<Check> joined;
    for (std::vector<Check> part :
         {own_checks(), aws_config_checks(), security_hub_checks(), prowler_checks()})
      std::move(part.begin(), part.end(), std::back_inserter(joined));
    return joined;
  }();
  return all;
}

const Check* find_check(std::string_view id_or_name) {
  for (const Check& check : checks())
    if (check.id == id_or_name || check.name == id_or_name) return &check;
  return nullptr;
}

std::string nearest_check(std::string_view wanted) {
  NearestWord nearest(wanted);
  for (const Check& check : checks()) {
    nearest.offer(check.id);
    nearest.offer(check.name);
  }
  return nearest.best() ? "did you mean " + quoted(*nearest.best()) + '?' : std::string{};
}

}  // namespace vpcwall
