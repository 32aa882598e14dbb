// Who reaches whom, as pictures: a graph for Graphviz, and a matrix as SVG that every browser shows. Any
// thread.
#pragma once

#include <string>

#include "reach/reach.h"

namespace vpcwall {

// A directed graph in the DOT language. Half open edges are dashed and say so.
[[nodiscard]] std::string reach_dot(const Reach& reach);

// One document, complete in itself: rows are sources, columns destinations; a cell says what reaches, its
// tooltip all of it with the replies.
[[nodiscard]] std::string reach_svg(const Reach& reach);

}  // namespace vpcwall
