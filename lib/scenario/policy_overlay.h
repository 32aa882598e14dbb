// One policy text laid over another, before either is read: what the upper one writes wins.
//
// Mappings are laid over each other key by key. A list of named objects in the upper text says which objects
// there are: each is laid over the object of that name below, and objects that it does not name are left out.
// An interface that the upper text makes a gateway loses what a gateway has not: groups, source/destination
// check. Everything else replaces what was there. Nodes keep their positions, so that a mistake is reported
// where it was written.
#pragma once

#include <deque>

#include "policy/yaml_tree.h"

namespace vpcwall {

// New nodes are made in `pool`; the result points into all three and lives as long as they do.
[[nodiscard]] const YamlNode* overlay(const YamlNode& below, const YamlNode& above,
                                      std::deque<YamlNode>& pool);

}  // namespace vpcwall
