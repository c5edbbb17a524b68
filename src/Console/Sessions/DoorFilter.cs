using System.Text;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Amalgam.Pages.Words;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Amalgam.Pages.Sessions;

/// <summary>Before every page: who is it, is the form its own, and what the browser may do with the answer.</summary>
internal static partial class DoorFilter
{
    private const long MaxFormBytes = 1 << 20;
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Pages before signing in.</summary>
    public static async ValueTask<object?> OpenAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        Guard(context);
        var seal = context.RequestServices.GetRequiredService<FormSeal>();
        return await FormFits(context, seal, FormSeal.Nobody) ? await next(invocation) : await StaleAsync(context, seal);
    }

    public static async ValueTask<object?> SignedInAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        Guard(context);
        var services = context.RequestServices;
        if (services.GetRequiredService<SessionCookie>().Read(context) is not { } session)
        {
            return ToSignIn(context);
        }

        var seal = services.GetRequiredService<FormSeal>();
        if (!await FormFits(context, seal, session.Id))
        {
            return await StaleAsync(context, seal);
        }

        var api = new CloudApi(services.GetRequiredService<CloudConnection>(), session.Key, context.RequestAborted);
        var (asked, status) = (api.GetAsync<WhoAmI>("/api/v1/whoami"), api.GetAsync<StatusView>("/api/v1/status"));
        var (who, told) = (await asked, await status);
        if (who.Status == 401)
        {
            SessionCookie.Clear(context);
            return ToSignIn(context);
        }

        var currency = told.Value?.Currency ?? "";
        var options = services.GetRequiredService<ConsoleOptions>();
        var visit = Visit.Of(context).By(api, LookOf(context, who.Value, seal.For(session.Id), options, currency), services.GetRequiredService<Painter>());
        return who.Ok ? await RunAsync(invocation, next, visit) : await visit.RefusedAsync(who.Problem!, 503);
    }

    /// <summary>What every answer of the console carries.</summary>
    public static void Guard(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    public static Look LookOf(HttpContext context, WhoAmI? who, string seal, ConsoleOptions options, string currency)
    {
        var cookies = context.Request.Cookies;
        var language = cookies["amalgam-language"] ?? context.Request.Headers.AcceptLanguage.ToString();
        return new Look
        {
            Who = who,
            Words = WordList.Of(language),
            Theme = cookies["amalgam-theme"] is "light" or "dark" ? cookies["amalgam-theme"]! : "auto",
            Place = context.Request.GetEncodedPathAndQuery(),
            Path = context.Request.Path.Value ?? "/",
            Seal = seal,
            Version = options.Version,
            Done = Done(context),
            Currency = currency,
        };
    }

    private static async ValueTask<object?> RunAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, Visit visit)
    {
        try
        {
            return await next(invocation);
        }
        catch (Exception defect) when (defect is not OperationCanceledException && !visit.Http.Response.HasStarted)
        {
            var log = visit.Http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Amalgam.Console");
            Failed(log, defect, visit.Http.Request.Path);
            return await visit.RefusedAsync(visit.T("This page could not be made: the server's log says why. Try again, or go to the overview."), 500);
        }
    }

    private static async Task<bool> FormFits(HttpContext context, FormSeal seal, string sessionId)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            return true;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = MaxFormBytes;
        }

        var presented = context.Request.Headers[FormSeal.Header].ToString();
        if (presented.Length == 0 && context.Request.HasFormContentType)
        {
            try
            {
                presented = (await context.Request.ReadFormAsync(context.RequestAborted))[FormSeal.Field].ToString();
            }
            catch (Exception fault) when (fault is BadHttpRequestException or InvalidDataException)
            {
                return false;
            }
        }

        return seal.Holds(context, sessionId, presented);
    }

    private static Task<IResult> StaleAsync(HttpContext context, FormSeal seal)
    {
        var look = LookOf(context, null, seal.For(FormSeal.Nobody), context.RequestServices.GetRequiredService<ConsoleOptions>(), "");
        var problem = look.T("This form is out of date or came from elsewhere, so nothing was done: go back, reload the page and send it again.");
        return context.RequestServices.GetRequiredService<Painter>().PageAsync(look, Sight.Of<NoticeView>(look.T("Nothing was done"), ("Problem", problem)) with { Status = 400 });
    }

    /// <summary>A stream or a script is told by status: a browser follows redirects silently.</summary>
    private static IResult ToSignIn(HttpContext context) =>
        context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            ? Results.Redirect("/sign-in" + (HttpMethods.IsGet(context.Request.Method) && context.Request.Path != "/" ? "?to=" + Uri.EscapeDataString(context.Request.GetEncodedPathAndQuery()) : ""))
            : Results.StatusCode(401);

    private static string? Done(HttpContext context)
    {
        if (context.Request.Cookies["amalgam-done"] is not { Length: > 0 } text || context.Request.Headers.Accept.ToString().StartsWith("text/event-stream", StringComparison.Ordinal))
        {
            return null;
        }

        context.Response.Cookies.Delete("amalgam-done", new CookieOptions { Path = "/" });
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The page {Path} could not be made")]
    private static partial void Failed(ILogger log, Exception defect, string path);
}
