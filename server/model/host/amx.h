/* GCC up to 13 says of its AMX intrinsics neither that a tile's configuration is 64 bytes of memory nor that loading a tile reads any:
 * what was written there just before is thrown away as dead, and the next instruction on a tile is illegal. The same instructions, told as
 * they are. `cargo x host` has every file of llama.cpp include this first; only those that are compiled for AMX see anything of it. */
#if defined(__AMX_TILE__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

struct sidenote_tile_config {
    unsigned char bytes[64];
};

#define _tile_loadconfig(config) \
    __asm__ volatile("ldtilecfg\t%X0" ::"m"(*(const struct sidenote_tile_config *)(config)) : "memory")

#undef _tile_loadd_internal
#define _tile_loadd_internal(dst, base, stride)                                                      \
    __asm__ volatile("tileloadd\t(%0,%1,1), %%tmm" #dst ::"r"((const void *)(base)), "r"((long)(stride)) \
                     : "memory")

#undef _tile_stream_loadd_internal
#define _tile_stream_loadd_internal(dst, base, stride)                                                 \
    __asm__ volatile("tileloaddt1\t(%0,%1,1), %%tmm" #dst ::"r"((const void *)(base)), "r"((long)(stride)) \
                     : "memory")
#endif
