#include "scenario/rule_place.h"

namespace vpcwall {

RulePlace place_of(const WrittenRule& rule, const std::vector<std::string>& sources) {
  const RuleIdentity& identity = rule.identity;
  return {sources.at(rule.at.file), rule.at.line,       rule.at.column,  identity.kind,
          rule.owner_name,          identity.direction, identity.family, rule.written ? "" : identity.match};
}

std::string to_string(const RulePlace& place) {
  return place.file + ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
}

}  // namespace vpcwall
