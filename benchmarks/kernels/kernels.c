/* Workloads for benchmarks/metering.py: each export does n rounds of one thing and returns something of it all. */
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD(name) __attribute__((export_name(#name), used)) int64_t name(int32_t n)


static uint32_t next(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static uint32_t rotated(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

/* Blocks of SHA-256's rounds (its constants are others: the work is the same). */
WORKLOAD(sha256) {
    static uint32_t constants[64];
    uint32_t hash[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (int i = 0; i < 64; i++) constants[i] = i * 2654435761u;
    while (n--) {
        uint32_t w[64], v[8];
        for (int i = 0; i < 16; i++) w[i] = hash[i & 7] + i;
        for (int i = 16; i < 64; i++) {
            uint32_t a = w[i - 15], b = w[i - 2];
            w[i] = w[i - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + w[i - 7] + (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
        }
        for (int i = 0; i < 8; i++) v[i] = hash[i];
        for (int i = 0; i < 64; i++) {
            uint32_t s = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25);
            uint32_t t = v[7] + s + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
            uint32_t r = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22);
            uint32_t u = r + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            for (int k = 7; k > 0; k--) v[k] = v[k - 1];
            v[4] += t;
            v[0] = t + u;
        }
        for (int i = 0; i < 8; i++) hash[i] += v[i];
    }
    return (int64_t)hash[0] << 32 | hash[7];
}

/* Primes below 65,536. */
WORKLOAD(sieve) {
    static uint8_t prime[1 << 16];
    int64_t count = 0;
    while (n--) {
        for (int i = 0; i < 1 << 16; i++) prime[i] = 1;
        for (int i = 2; i < 1 << 16; i++)
            if (prime[i]) {
                count++;
                for (int k = 2 * i; k < 1 << 16; k += i) prime[k] = 0;
            }
    }
    return count;
}

/* Products of 64 x 64 doubles. */
WORKLOAD(matrix) {
    static double a[4096], b[4096], c[4096];
    double sum = 0;
    for (int i = 0; i < 4096; i++) a[i] = i % 17, b[i] = i % 13;
    while (n--) {
        for (int i = 0; i < 64; i++)
            for (int k = 0; k < 64; k++) {
                double dot = 0;
                for (int m = 0; m < 64; m++) dot += a[i * 64 + m] * b[m * 64 + k];
                c[i * 64 + k] = dot;
            }
        sum += c[n & 4095];
        a[n & 4095] += 1;
    }
    return (int64_t)sum;
}

/* The Mandelbrot set, n x n points of 200 rounds. */
WORKLOAD(mandelbrot) {
    int64_t count = 0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            double a = -2 + 3.0 * x / n, b = -1 + 2.0 * y / n, u = 0, v = 0;
            int k = 0;
            for (; k < 200 && u * u + v * v <= 4; k++) {
                double t = u * u - v * v + a;
                v = 2 * u * v + b;
                u = t;
            }
            count += k;
        }
    return count;
}

__attribute__((noinline)) static int64_t fibonacci(int32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

/* Calls and nothing else. */
WORKLOAD(fib) { return fibonacci(n); }

/* Copies of 64 kB and fills, by the engine's own instructions. */
WORKLOAD(bulk) {
    static uint8_t from[1 << 16], to[1 << 16];
    int64_t sum = 0;
    while (n--) {
        __builtin_memset(from, n, sizeof from);
        __builtin_memcpy(to, from, sizeof to);
        for (int i = 0; i < 16; i++) __builtin_memcpy(to + i * 100, from + i * 64, (size_t)(next((uint32_t[]){n + 1u}) & 63));
        sum += to[n & 0xffff];
    }
    return sum;
}

static int32_t values[4096];

static void sort(int low, int high) {
    while (low < high) {
        int32_t pivot = values[(low + high) >> 1];
        int i = low, k = high;
        while (i <= k) {
            while (values[i] < pivot) i++;
            while (values[k] > pivot) k--;
            if (i <= k) {
                int32_t swapped = values[i];
                values[i++] = values[k];
                values[k--] = swapped;
            }
        }
        if (k - low < high - i) {
            sort(low, k);
            low = i;
        } else {
            sort(i, high);
            high = k;
        }
    }
}

/* Quicksort of 4,096 numbers. */
WORKLOAD(quicksort) {
    uint32_t state = 88172645;
    int64_t sum = 0;
    while (n--) {
        for (int i = 0; i < 4096; i++) values[i] = (int32_t)next(&state);
        sort(0, 4095);
        sum += values[2048];
    }
    return sum;
}

static char text[1 << 15];

/* Writes a JSON array of objects and reads the numbers back, byte by byte. */
WORKLOAD(json) {
    uint32_t state = 12345;
    int64_t sum = 0;
    while (n--) {
        int len = 0;
        text[len++] = '[';
        for (int i = 0; i < 500; i++) {
            const char *key = "{\"symbol\":\"ETHUSD\",\"price\":";
            for (; *key; key++) text[len++] = *key;
            char digits[12];
            int count = 0;
            for (uint32_t value = next(&state) | 1; value; value /= 10) digits[count++] = (char)('0' + value % 10);
            while (count) text[len++] = digits[--count];
            text[len++] = '}', text[len++] = ',';
        }
        text[len - 1] = ']';
        for (int i = 0; i < len;) {
            switch (text[i]) {
            case '"':
                for (i++; text[i] != '"'; i++) {}
                i++;
                break;
            case ':':
                i++;
                if (text[i] != '"') {
                    uint32_t value = 0;
                    for (; text[i] >= '0' && text[i] <= '9'; i++) value = value * 10 + (uint32_t)(text[i] - '0');
                    sum += value;
                }
                break;
            default: i++;
            }
        }
    }
    return sum;
}

/* Random dependent loads in a megabyte, a hash table's way. */
WORKLOAD(lookups) {
    static uint32_t table[1 << 18];
    uint32_t at = 1;
    for (uint32_t i = 0; i < 1 << 18; i++) table[i] = i * 2654435761u;
    while (n--) at = table[(at ^ at >> 15) & 0x3ffff] + (uint32_t)n;
    return at;
}

static int64_t add(int64_t a, int64_t b) { return a + b; }
static int64_t subtract(int64_t a, int64_t b) { return a - b; }
static int64_t multiply(int64_t a, int64_t b) { return a * b; }
static int64_t mix(int64_t a, int64_t b) { return a ^ b >> 3; }

/* A little interpreter: a switch, and functions behind pointers. */
WORKLOAD(interpreter) {
    static int64_t (*const operations[4])(int64_t, int64_t) = {add, subtract, multiply, mix};
    static uint8_t code[1024];
    int64_t x = 1, y = 2;
    uint32_t state = 99;
    for (int i = 0; i < 1024; i++) code[i] = (uint8_t)next(&state);
    while (n--)
        for (int i = 0; i < 1024; i++) switch (code[i] & 7) {
            case 0: x += y; break;
            case 1: y ^= x; break;
            case 2: x = x * 31 + 7; break;
            case 3: y = y << 1 | (y >> 63 & 1); break;
            default: x = operations[code[i] & 3](x, y);
            }
    return x;
}
