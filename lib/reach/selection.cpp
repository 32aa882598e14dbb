#include "reach/selection.h"

#include "policy/nearest_word.h"

namespace vpcwall {

Expected<Selection, std::string> select_endpoints(const EndpointMap& endpoints, const std::string& wanted,
                                                  bool everything, std::string_view option) {
  Selection selection;
  const auto take = [&](std::size_t place) {
    selection.endpoints.push_back(place);
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const auto& classes = endpoints.all[place].classes[at(family)];
      selection.classes[at(family)].insert(selection.classes[at(family)].end(), classes.begin(),
                                           classes.end());
    }
  };
  if (wanted.empty()) {
    for (std::size_t place = 0; place < endpoints.all.size(); ++place)
      if (everything || is_ordinary(endpoints.all[place].kind)) take(place);
    return selection;
  }
  if (const auto place = endpoints.find(wanted)) {
    take(*place);
    return selection;
  }
  if (const auto address = parse_address(wanted)) {
    const auto place = endpoints.class_of(*address);  // every address has one
    selection.endpoints.push_back(endpoints.classes[*place].endpoint);
    selection.classes[at(address->family)].push_back(*place);
    return selection;
  }
  NearestWord nearest(wanted);
  for (const Endpoint& endpoint : endpoints.all) nearest.offer(endpoint.name);
  std::string mistake(option);
  mistake += ": found \"" + wanted +
             "\", expected an address or one of the endpoints that `vpcwall reach --all` lists";
  if (nearest.best()) mistake += "; did you mean \"" + *nearest.best() + "\"?";
  return Unexpected{std::move(mistake)};
}

}  // namespace vpcwall
