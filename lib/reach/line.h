// From what was found out between classes of addresses to lines that people read: what can be said together
// is.
//
//   PairParts<Result> pair{source_class, destination_class, {}};
//   add_part(pair.parts, {slice, result, witness}, family);          // slices in ascending order
//   for (const Line<Result>& line : lines_of(endpoints, pairs)) …
//
// Exact: what the lines say, taken together, is what was found for every pair of classes and every slice. A
// Result is compared with ==. Values; any thread.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "reach/endpoints.h"
#include "reach/traffic_slice.h"

namespace vpcwall {

template <class Result>
struct TrafficPart {
  TrafficSlice slice;
  Result result;
  Packet witness;  // a packet of the slice
};

template <class Result>
struct PairParts {
  std::size_t source = 0, destination = 0;  // places in EndpointMap::classes, of one family
  std::vector<TrafficPart<Result>> parts;
};

template <class Result>
struct Line {
  std::size_t from = 0, to = 0;  // places in EndpointMap::all
  Family family = Family::ipv4;
  std::vector<AddressRange> sources, destinations;  // empty: all that the endpoint has of the family
  TrafficSlice slice;
  Result result;
  Packet witness;
};

// Adds a part, as one with an earlier one where both can be said together.
template <class Result>
void add_part(std::vector<TrafficPart<Result>>& parts, TrafficPart<Result> part, Family family) {
  for (auto earlier = parts.rbegin(); earlier != parts.rend(); ++earlier) {
    if (earlier->slice.protocol != part.slice.protocol) break;
    if (earlier->result != part.result || !extend(earlier->slice, part.slice, family)) continue;
    // A type that its codes have made whole may in turn continue the types before it.
    TrafficPart<Result> whole = std::move(*earlier);
    parts.erase(std::next(earlier).base());
    return add_part(parts, std::move(whole), family);
  }
  parts.push_back(std::move(part));
}

namespace lines {

using ClassPair = std::pair<std::size_t, std::size_t>;

// The pairs as rectangles: sources that all go with the same destinations.
inline std::map<std::vector<std::size_t>, std::vector<std::size_t>> rectangles(
    const std::vector<ClassPair>& pairs) {
  std::map<std::size_t, std::vector<std::size_t>> by_source;
  for (const auto& [source, destination] : pairs) by_source[source].push_back(destination);
  std::map<std::vector<std::size_t>, std::vector<std::size_t>> found;  // destinations -> sources
  for (auto& [source, destinations] : by_source) {
    std::sort(destinations.begin(), destinations.end());
    found[destinations].push_back(source);
  }
  return found;
}

// Nothing when the classes are all that the endpoint has.
inline std::vector<AddressRange> addresses(const EndpointMap& endpoints,
                                           const std::vector<std::size_t>& classes) {
  const AddressClass& first = endpoints.classes[classes.front()];
  if (classes.size() == endpoints.all[first.endpoint].classes[at(first.family)].size()) return {};
  std::vector<AddressRange> ranges;
  for (const std::size_t one : classes)
    ranges.insert(ranges.end(), endpoints.classes[one].ranges.begin(), endpoints.classes[one].ranges.end());
  return joined(std::move(ranges));
}

}  // namespace lines

// In the order of endpoints, families, addresses and slices.
template <class Result>
std::vector<Line<Result>> lines_of(const EndpointMap& endpoints,
                                   const std::vector<PairParts<Result>>& pairs) {
  using Parts = std::vector<TrafficPart<Result>>;
  // Pairs between two endpoints that say the same, together.
  struct Group {
    const Parts* parts;
    std::vector<lines::ClassPair> pairs;
  };
  const auto equal = [](const Parts& a, const Parts& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
      return one.slice == other.slice && one.result == other.result;
    });
  };
  std::map<std::tuple<std::size_t, std::size_t, Family>, std::vector<Group>> groups;
  for (const PairParts<Result>& pair : pairs) {
    if (pair.parts.empty()) continue;
    const AddressClass& source = endpoints.classes[pair.source];
    auto& known = groups[{source.endpoint, endpoints.classes[pair.destination].endpoint, source.family}];
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const Group& group) { return equal(*group.parts, pair.parts); });
    Group& group = same != known.end() ? *same : known.emplace_back(Group{&pair.parts, {}});
    group.pairs.emplace_back(pair.source, pair.destination);
  }
  std::vector<Line<Result>> all;
  for (const auto& [where, known] : groups)
    for (const Group& group : known)
      for (const auto& [destinations, sources] : lines::rectangles(group.pairs)) {
        const Line<Result> like{std::get<0>(where),
                                std::get<1>(where),
                                std::get<2>(where),
                                lines::addresses(endpoints, sources),
                                lines::addresses(endpoints, destinations),
                                {},
                                {},
                                {}};
        for (const TrafficPart<Result>& part : *group.parts) {
          Line<Result> line = like;
          line.slice = part.slice;
          line.result = part.result;
          line.witness = part.witness;
          line.witness.source = endpoints.classes[sources.front()].witness;
          line.witness.destination = endpoints.classes[destinations.front()].witness;
          all.push_back(std::move(line));
        }
      }
  return all;
}

}  // namespace vpcwall
