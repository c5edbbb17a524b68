using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Sessions;

/// <summary>Sign in with a key, sign out, and how the pages should look.</summary>
internal static class SignInPages
{
    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/sign-in", (HttpContext context, Painter painter, FormSeal seal, ConsoleOptions options, string? to) => FormAsync(context, painter, seal, options, to, null));
        pages.MapPost("/sign-in", SignInAsync);
        pages.MapGet("/look", Look);
    }

    public static void MapSignOut(RouteGroupBuilder pages) => pages.MapPost("/sign-out", (HttpContext context) =>
    {
        SessionCookie.Clear(context);
        return Results.Redirect("/sign-in");
    });

    private static Task<IResult> FormAsync(HttpContext context, Painter painter, FormSeal seal, ConsoleOptions options, string? to, string? problem)
    {
        var look = DoorFilter.LookOf(context, null, seal.For(FormSeal.Nobody), options, "");
        return painter.PageAsync(look, Sight.Of<SignInView>(look.T("Sign in"), ("To", Local(to)), ("Problem", problem)) with { Status = problem is null ? 200 : 401 });
    }

    private static async Task<IResult> SignInAsync(HttpContext context, Painter painter, FormSeal seal, ConsoleOptions options, CloudConnection connection, SessionCookie cookie)
    {
        var form = new Form(await context.Request.ReadFormAsync(context.RequestAborted));
        var look = DoorFilter.LookOf(context, null, "", options, "");
        if (form.Text("key") is not { } key || key.Any(letter => letter is < '!' or > '~'))
        {
            return await FormAsync(context, painter, seal, options, form.Text("to"), look.T("Type or paste the key of this cloud."));
        }

        var who = await new CloudApi(connection, key, context.RequestAborted).GetAsync<WhoAmI>("/api/v1/whoami");
        if (!who.Ok)
        {
            var problem = who.Status == 401 ? look.T("This key is unknown, expired or revoked: ask whoever gave it to you for another.") : who.Problem;
            return await FormAsync(context, painter, seal, options, form.Text("to"), problem);
        }

        cookie.Write(context, key);
        return Results.Redirect(Local(form.Text("to")));
    }

    /// <summary>Links, so that they work without a script: they change nothing but how this browser sees the pages.</summary>
    private static IResult Look(HttpContext context, string? theme, string? language, string? to)
    {
        var options = new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = TimeSpan.FromDays(400) };
        if (theme is "light" or "dark" or "auto")
        {
            context.Response.Cookies.Append("amalgam-theme", theme, options);
        }

        if (language is "en" or "de")
        {
            context.Response.Cookies.Append("amalgam-language", language, options);
        }

        return Results.Redirect(Local(to));
    }

    /// <summary>A place of this site, never of another.</summary>
    private static string Local(string? to) => to is { Length: > 0 } && to[0] == '/' && !to.StartsWith("//", StringComparison.Ordinal) && !to.Contains('\\', StringComparison.Ordinal) && !to.Any(char.IsControl) ? to : "/";
}
