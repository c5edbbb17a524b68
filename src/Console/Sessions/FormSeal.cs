using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Pages.Sessions;

/// <summary>
/// Against forms that another site sends: the cookie is not sent with them (SameSite=Strict), the browser's own word on where a request comes from is
/// believed when it is foreign, and every form carries a seal over the session it was made for.
/// </summary>
public sealed class FormSeal(IDataProtectionProvider protection)
{
    public const string Field = "_seal";
    public const string Header = "x-amalgam-seal";

    /// <summary>Of whoever has not signed in yet.</summary>
    public const string Nobody = "nobody";
    private readonly IDataProtector _seal = protection.CreateProtector("amalgam.console.form.v1");

    public string For(string sessionId) => _seal.Protect(sessionId);

    public bool Holds(HttpContext context, string sessionId, string? presented)
    {
        if (context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" || !SameOrigin(context) || string.IsNullOrEmpty(presented))
        {
            return false;
        }

        try
        {
            return _seal.Unprotect(presented) == sessionId;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool SameOrigin(HttpContext context)
    {
        var origin = context.Request.Headers.Origin.ToString();
        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && string.Equals(from.Authority, context.Request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
