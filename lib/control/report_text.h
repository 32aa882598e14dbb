// Reports for people: aligned tables made from the JSON that the daemon answered with.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vpcwall {

[[nodiscard]] std::string status_text(const nlohmann::ordered_json& report);
[[nodiscard]] std::string rules_text(const nlohmann::ordered_json& report);
[[nodiscard]] std::string flows_text(const nlohmann::ordered_json& report);

}  // namespace vpcwall
