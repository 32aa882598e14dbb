#include "flow/flow_hash.h"

namespace vpcwall {
// Whatever the seed looks like, the constants it becomes have bits all over (the finaliser of splitmix64).
FlowHash::FlowHash(const Seed& seed) noexcept : seed_(seed) {
  std::uint64_t position = 0;
  for (std::uint64_t& word : seed_) {
    position += 0x9e3779b97f4a7c15U;
    word += position;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    word = (word ^ (word >> 31U)) | 1U;
  }
}

}  // namespace vpcwall
