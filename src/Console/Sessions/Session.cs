using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Pages.Sessions;

/// <summary>Who signed in. Lives in the cookie alone, sealed: the server keeps nothing, the browser can read nothing.</summary>
/// <param name="Key">The secret itself: every call is made with it, so a revoked key ends the session by itself.</param>
/// <param name="Id">Random; forms are bound to it.</param>
public sealed record Session(string Key, string Id);

/// <summary>The cookie: HttpOnly, SameSite=Strict, sealed by the data protection keys of this cloud, good for twelve hours.</summary>
public sealed class SessionCookie(IDataProtectionProvider protection)
{
    public const string Name = "amalgam-session";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);
    private readonly ITimeLimitedDataProtector _seal = protection.CreateProtector("amalgam.console.session.v1").ToTimeLimitedDataProtector();

    public Session? Read(HttpContext context)
    {
        if (context.Request.Cookies[Name] is not { Length: > 0 } text)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(_seal.Unprotect(text), SessionJson.Default.Session);
        }
        catch (Exception fault) when (fault is CryptographicException or JsonException)
        {
            // Expired, of another cloud, or made up: signed out.
            return null;
        }
    }

    public void Write(HttpContext context, string key)
    {
        var session = new Session(key, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        context.Response.Cookies.Append(Name, _seal.Protect(JsonSerializer.Serialize(session, SessionJson.Default.Session), Lifetime), Options(context, Lifetime));
    }

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Name, Options(context, null));

    private static CookieOptions Options(HttpContext context, TimeSpan? age) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, Path = "/", IsEssential = true, MaxAge = age,
    };
}

[JsonSerializable(typeof(Session))]
internal sealed partial class SessionJson : JsonSerializerContext;
