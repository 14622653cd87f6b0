/* Runs a Lua script: lua SCRIPT [ARGS]. */
#include <stdio.h>
#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

int main(int argc, char **argv) {
    lua_State *lua = luaL_newstate();
    if (!lua || argc < 2) {
        fprintf(stderr, lua ? "usage: %s SCRIPT [ARGS]\n" : "%s: no memory\n", argv[0]);
        return 2;
    }
    luaL_openlibs(lua);
    lua_createtable(lua, argc, 0);
    for (int i = 1; i < argc; i++) {
        lua_pushstring(lua, argv[i]);
        lua_rawseti(lua, -2, i - 1);
    }
    lua_setglobal(lua, "arg");
    int failed = luaL_loadfile(lua, argv[1]) || lua_pcall(lua, 0, 0, 0);
    if (failed)
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
    lua_close(lua);
    return failed;
}
