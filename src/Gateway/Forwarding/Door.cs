using System.Diagnostics.CodeAnalysis;
using Amalgam.Core.Access;
using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Ports;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Gateway.Forwarding;

/// <summary>Who is there, and under which number the request goes.</summary>
internal sealed class Door(ICallers callers)
{
    private const int LongestRequestId = 128;

    /// <summary>The client's `x-request-id`, or one made here; the answer carries it whatever becomes of the request.</summary>
    public static string Identify(HttpContext http)
    {
        var given = http.Request.Headers["x-request-id"];
        var id = given.Count == 1 && IsSound(given[0]) ? given[0]! : "req_" + Guid.NewGuid().ToString("N");
        http.Response.Headers["x-request-id"] = id;
        return id;
    }

    /// <summary>Null when the caller may pass. The key itself goes nowhere else.</summary>
    public ApiError? Admit(HttpContext http, bool mustUse, out Caller caller)
    {
        caller = null!;
        if (Key(http.Request) is not { } key) return Refusals.MissingKey;
        if (callers.Find(key) is not { } found) return Refusals.UnknownKey;
        if (mustUse && !found.MayUse) return Refusals.RoleMayNotUse;
        caller = found;
        return null;
    }

    public static Task WrongMethodAsync(HttpContext http, string path, string allowed)
    {
        http.Response.Headers.Allow = allowed;
        return ErrorAnswer.WriteAsync(http, Refusals.WrongMethod(http.Request.Method, path, allowed));
    }

    private static string? Key(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } text || !text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return null;
        var key = text.AsSpan(7).Trim();
        return key.IsEmpty ? null : key.ToString();
    }

    /// <summary>It is written to logs and headers: only visible ASCII.</summary>
    private static bool IsSound([NotNullWhen(true)] string? id)
    {
        if (string.IsNullOrEmpty(id) || id.Length > LongestRequestId) return false;
        foreach (var c in id)
        {
            if (c is <= ' ' or > '~') return false;
        }
        return true;
    }
}
