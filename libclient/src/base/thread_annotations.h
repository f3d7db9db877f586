#pragma once
// Locks written in types; Clang's -Wthread-safety checks them, other compilers see nothing.

#if defined(__clang__)
#define KLAMM_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define KLAMM_THREAD_ATTRIBUTE(x)
#endif

#define KLAMM_CAPABILITY(name) KLAMM_THREAD_ATTRIBUTE(capability(name))
#define KLAMM_SCOPED_CAPABILITY KLAMM_THREAD_ATTRIBUTE(scoped_lockable)
#define KLAMM_GUARDED_BY(mutex) KLAMM_THREAD_ATTRIBUTE(guarded_by(mutex))
#define KLAMM_REQUIRES(...) KLAMM_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define KLAMM_EXCLUDES(...) KLAMM_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define KLAMM_ACQUIRE(...) KLAMM_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define KLAMM_RELEASE(...) KLAMM_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define KLAMM_TRY_ACQUIRE(...) KLAMM_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define KLAMM_NO_THREAD_SAFETY_ANALYSIS KLAMM_THREAD_ATTRIBUTE(no_thread_safety_analysis)
