// An explanation for people, rendered from its JSON so that one made by a daemon elsewhere reads the same.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vpcwall {

// `colour`: mark refusals and acceptances with ANSI colours too; the words always say it.
[[nodiscard]] std::string explanation_text(const nlohmann::ordered_json& explanation, bool colour);

}  // namespace vpcwall
