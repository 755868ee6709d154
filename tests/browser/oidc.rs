//! Sign-in by a provider that is another site for the browser, which runs no script: the cookies come along.
use crate::support::browser::{shows, without_scripts};
use crate::support::oidc::Fake;
use crate::support::spawn_with;
use thirtyfour::prelude::*;

#[tokio::test]
async fn cookies_come_along_where_another_site_sends_the_browser() {
    without_scripts(async |driver| {
        let fake = Fake::at("localhost").await;
        fake.change(|state| state.asks = true);
        let settings = fake.settings();
        let server = spawn_with(|config| config.oidc = Some(settings)).await;
        driver.goto(format!("{}/rules", server.url)).await?;
        driver.find(By::LinkText("Sign in with Acme ID")).await?.click().await?;
        // Where it only redirected, the browser would still call the way ours.
        shows(driver, "h1", "Provider").await?;
        driver.find(By::LinkText("Go on")).await?.click().await?;
        shows(driver, "h1", "Rules").await?;
        assert_eq!(driver.current_url().await?.as_str(), format!("{}/rules", server.url));
        let cookies = driver.get_all_cookies().await?;
        let names: Vec<_> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
        assert_eq!(names, ["fusionsoc"], "the session, and nothing of the way");
        driver.delete_all_cookies().await?;
        driver.goto(format!("{}/login/oidc/callback?state=x&code=x", server.url)).await?;
        shows(driver, "h1", "Not signed in").await?;
        driver.find(By::LinkText("Back to sign-in")).await?.click().await?;
        shows(driver, "h1", "Sign in").await?;
        Ok(())
    })
    .await;
}
