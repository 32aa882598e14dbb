// Reports for people: aligned tables made from the JSON that the daemon answered with.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vpcwall {

[[nodiscard]] std::string status_text(const nlohmann::ordered_json& report);
[[nodiscard]] std::string rules_text(const nlohmann::ordered_json& report);
[[nodiscard]] std::string flows_text(const nlohmann::ordered_json& report);

// The same table part by part: its columns grow with what they hold.
class FlowsText {
 public:
  [[nodiscard]] std::string part(const nlohmann::ordered_json& flows);
  [[nodiscard]] std::string end(const nlohmann::ordered_json& total);

 private:
  std::vector<std::size_t> widths_;
  std::size_t shown_ = 0;
};

}  // namespace vpcwall
